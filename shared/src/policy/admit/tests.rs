mod sign_ins;
